/** What time it is for the server, second by second: its clock may not be the browser's. */
import { computed } from "@preact/signals";
import { figures } from "./live.ts";

export const serverTime = computed(() => (figures.value ? Date.parse(figures.value.at) : Date.now()));
