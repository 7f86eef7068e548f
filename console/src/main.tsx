/** The console: one page that talks to the public HTTP API, and to nothing else. */
// Before the pages, whose own styles come after what they have in common.
import "./style/tokens.css";
import "./style/base.css";
import "./style/layout.css";
import "./style/parts.css";
import "./style/tables.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { follow } from "./live.ts";
import { followLink } from "./router.ts";
import { look } from "./session.ts";
import { followSite } from "./site.ts";

document.addEventListener("click", followLink);
follow();
followSite();
// Where the server cannot be reached, the figures say so.
look().catch(() => undefined);
const root = document.getElementById("root");
if (root) render(<App />, root);
