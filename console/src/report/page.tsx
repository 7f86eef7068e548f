/** A report that stands alone, as a file: its JSON is in the page. */
// Before the report, which may differ from what the console's pages share.
import "../style/tokens.css";
import "../style/base.css";
import "../style/parts.css";
import "../style/tables.css";
import { render } from "preact";
import type { FlowReport } from "../../../src/lab/report.ts";
import { Report } from "./report.tsx";

const data = document.getElementById("report")?.textContent;
const root = document.getElementById("root");
if (root && data) render(<Report report={JSON.parse(data) as FlowReport} />, root);
