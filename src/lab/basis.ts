/** From what was measured of an operation to what AWS meters: bytes to units of DynamoDB and to chunks of SQS. */
import type { CostBasis } from "./report.ts";

/** One operation as it ran: how large what it took, gave, wrote and read was. */
export type OperationSample = {
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Of each row written or deleted. */
  readonly written: readonly number[];
  /** Of these, the rows that are added to: they are read first. */
  readonly added: number;
  /** Of the input of each operation that was sent. */
  readonly sent: readonly number[];
  /** Of each row read. */
  readonly read: readonly number[];
};

export type Deployment = { readonly memoryMiB: number; readonly batch: number; readonly named?: boolean };

/** Memory enough for a handler that waits for others, and the largest batch that needs no waiting for more. */
const USUAL_DEPLOYMENT: Deployment = { memoryMiB: 512, batch: 10 };

const CHUNK_BYTES = 65_536;
const WRITE_UNIT_BYTES = 1_024;
const READ_UNIT_BYTES = 4_096;

/** Id, status, attempt, times and the names of the members. */
const RECORD_BYTES = 400;

/** Means over the samples; `handlerMs` is the measured mean. Sizes are those of the JSON in UTF-8. */
export function basisOf(
  handlerMs: number,
  samples: readonly OperationSample[],
  { memoryMiB, batch, named = false }: Deployment = USUAL_DEPLOYMENT,
): CostBasis {
  const mean = (of: (sample: OperationSample) => number) =>
    samples.length === 0 ? 0 : samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  return {
    handlerMs,
    inputBytes: mean(({ inputBytes }) => inputBytes),
    itemsWritten: mean((sample) => itemsOf(sample).length),
    itemsRead: mean(({ read }) => read.length),
    writeUnits: mean(writeUnitsOf),
    readUnits: mean(({ read, added }) => units(read, READ_UNIT_BYTES) + added),
    rowUnits: mean(({ inputBytes }) => units([RECORD_BYTES + inputBytes], WRITE_UNIT_BYTES)),
    rowReads: mean(({ inputBytes }) => units([RECORD_BYTES + inputBytes], READ_UNIT_BYTES)),
    named,
    queueChunks: mean(({ inputBytes }) => chunksOf(inputBytes)),
    memoryMiB,
    batch,
  };
}

/** What is written and sent, and the record of the outcome by which a repeated call is answered the same. */
function itemsOf({ inputBytes, outputBytes, written, sent }: OperationSample): readonly number[] {
  return [RECORD_BYTES + inputBytes + outputBytes, ...written, ...sent.map((bytes) => RECORD_BYTES + bytes)];
}

/** More than one item is a transaction, so that all are there or none; it costs each unit twice. */
function writeUnitsOf(sample: OperationSample): number {
  const items = itemsOf(sample);
  return units(items, WRITE_UNIT_BYTES) * (items.length > 1 ? 2 : 1);
}

function units(sizes: readonly number[], unit: number): number {
  return sizes.reduce((sum, bytes) => sum + Math.max(1, Math.ceil(bytes / unit)), 0);
}

export function chunksOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
}
