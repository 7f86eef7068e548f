/** Every rule, in the order in which a report has them within one severity. */
import type { Rule } from "../rule.ts";
import { alarms } from "./alarms.ts";
import { atOnceTimeout } from "./at-once-timeout.ts";
import { billingMode } from "./billing-mode.ts";
import { bodyMapping } from "./body-mapping.ts";
import { deadLetterRetention } from "./dead-letter-retention.ts";
import { deadLetters } from "./dead-letters.ts";
import { deadLettersUnread } from "./dead-letters-unread.ts";
import { defaultResponse } from "./default-response.ts";
import { directAuthorizer } from "./direct-authorizer.ts";
import { directSeconds } from "./direct-seconds.ts";
import { disabledMapping } from "./disabled-mapping.ts";
import { functionTimeout } from "./function-timeout.ts";
import { integrationSubtype } from "./integration-subtype.ts";
import { logRetention } from "./log-retention.ts";
import { maximumConcurrency } from "./maximum-concurrency.ts";
import { messageSize } from "./message-size.ts";
import { missingParts } from "./missing-parts.ts";
import { partialBatches } from "./partial-batches.ts";
import { passthrough } from "./passthrough.ts";
import { pointInTimeRecovery } from "./point-in-time-recovery.ts";
import { provisionedPollers } from "./provisioned-pollers.ts";
import { receives } from "./receives.ts";
import { requestId } from "./request-id.ts";
import { reservedConcurrency } from "./reserved-concurrency.ts";
import { shares } from "./shares.ts";
import { sweepSchedule } from "./sweep-schedule.ts";
import { tableDeletion } from "./table-deletion.ts";
import { tableKeys } from "./table-keys.ts";
import { timeToLive } from "./time-to-live.ts";
import { visibility } from "./visibility.ts";

export const rules: readonly Rule[] = [
  missingParts,
  partialBatches,
  deadLetters,
  deadLettersUnread,
  deadLetterRetention,
  receives,
  reservedConcurrency,
  disabledMapping,
  sweepSchedule,
  messageSize,
  defaultResponse,
  passthrough,
  directAuthorizer,
  bodyMapping,
  integrationSubtype,
  requestId,
  tableKeys,
  tableDeletion,
  pointInTimeRecovery,
  visibility,
  directSeconds,
  functionTimeout,
  atOnceTimeout,
  maximumConcurrency,
  shares,
  alarms,
  logRetention,
  timeToLive,
  billingMode,
  provisionedPollers,
];
