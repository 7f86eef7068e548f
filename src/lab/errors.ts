/** What goes wrong in a run of the lab and is shown as a sentence, without a stack. */

/** What whoever started the lab can put right. */
export class LabRefusal extends Error {
  override readonly name = "LabRefusal";
}

/** The run came to nothing: a process ended, or the counts do not agree. */
export class LabFailure extends Error {
  override readonly name = "LabFailure";
}
