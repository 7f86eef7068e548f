/** What the lanes of a report are called, and how each is drawn: a colour of its own, and dashes for whoever sees none. */
import { LANE_TITLES, type LaneName } from "../../../src/lab/report.ts";
import type { Stroke } from "../parts/chart/chart.tsx";

type LaneStyle = Stroke & { readonly title: string };

export const LANES: Readonly<Record<LaneName, LaneStyle>> = {
  request: { title: LANE_TITLES.request, colour: "--lane-request", dash: [], width: 2 },
  "request-retrying": {
    title: LANE_TITLES["request-retrying"],
    colour: "--lane-retrying",
    dash: [1.5, 3.5],
    width: 2.5,
  },
  event: { title: LANE_TITLES.event, colour: "--lane-event", dash: [9, 4], width: 2 },
  spill: { title: LANE_TITLES.spill, colour: "--lane-spill", dash: [], width: 3.5 },
};
