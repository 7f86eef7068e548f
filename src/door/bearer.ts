/** RFC 6750 §2.1: what may follow "Bearer". */
export function isBearerToken(text: string): boolean {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}
