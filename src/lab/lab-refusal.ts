/** What whoever started the lab can put right: shown as a sentence, without a stack. */
export class LabRefusal extends Error {
  override readonly name = "LabRefusal";
}
