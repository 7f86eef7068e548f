// The files of a function's bundle: those that are loaded when it starts, and those that are loaded when they are needed.

export type BundledPart = { readonly file: string; readonly bytes: number; readonly isOptional: boolean };

export const ENTRY = "index.mjs";

/** Optional: what is reached only by an import that is made when it is needed. */
export function partsOf(files: ReadonlyMap<string, Uint8Array>): readonly BundledPart[] {
  const needed = new Set<string>();
  const reach = (file: string): void => {
    if (needed.has(file)) return;
    needed.add(file);
    const text = new TextDecoder().decode(files.get(file));
    for (const [, next = ""] of text.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g)) reach(next);
  };
  reach(ENTRY);
  return [...files].map(([file, { byteLength }]) => ({
    file,
    bytes: byteLength,
    isOptional: !needed.has(file),
  }));
}

export function bytesAtStart(parts: readonly BundledPart[]): number {
  return parts.reduce((sum, { bytes, isOptional }) => sum + (isOptional ? 0 : bytes), 0);
}
