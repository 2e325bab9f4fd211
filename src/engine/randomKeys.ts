/**
 * The two words that tell a stream of random numbers from every other: streams of one seed share nothing.
 *
 * @param seed an integer from 0 up to 2^53
 * @param stream what the numbers are for
 */
export function streamKeys(seed: number, stream: string): [number, number] {
  // the seed's upper half takes part as well
  return [seed >>> 0, hash(`${Math.floor(seed / 2 ** 32)}/${stream}`)];
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
