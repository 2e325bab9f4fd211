/** Stub until the pictures land. */
export async function toPng(_mime: string, _payload: unknown): Promise<string | undefined> {
  return undefined;
}
