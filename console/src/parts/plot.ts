/** uPlot, the one way to it. */
import "./plain-language.ts";
import uPlot from "uplot";

export { uPlot };
