/**
 * Keeps the text of a run bounded: its start goes through, of the rest only the end is kept. What lies between is
 * counted, and handed to `overflow`, which may write it down.
 */
export interface Piece {
  readonly name: 'stdout' | 'stderr';
  readonly text: string;
}

export interface FloodLimits {
  /** Characters that go through. */
  readonly head: number;
  /** Characters that are kept from the end of the rest. */
  readonly tail: number;
}

export const usualLimits: FloodLimits = { head: 4_000_000, tail: 400_000 };

export class Flood {
  #passed = 0;
  #tail: { name: Piece['name']; text: string }[] = [];
  #tailLength = 0;
  #omitted = 0;

  constructor(private readonly limits: FloodLimits = usualLimits) {}

  /** Whether text is being held back. */
  get over(): boolean {
    return this.#tailLength > 0 || this.#omitted > 0;
  }

  /** The part of the text that goes through now, and the part that does not. */
  take(piece: Piece): { passed: string; held: string } {
    const room = Math.max(0, this.limits.head - this.#passed);
    const passed = piece.text.length <= room ? piece.text : cut(piece.text, room);
    const held = piece.text.slice(passed.length);
    this.#passed += passed.length;
    if (held !== '') this.#hold(piece.name, held);
    return { passed, held };
  }

  /** The end of the text, and how much is missing before it. Afterwards text goes through again. */
  release(): { omitted: number; tail: readonly Piece[] } {
    const released = { omitted: this.#omitted, tail: this.#tail };
    this.#tail = [];
    this.#tailLength = this.#omitted = this.#passed = 0;
    return released;
  }

  #hold(name: Piece['name'], text: string): void {
    const last = this.#tail.at(-1);
    if (last?.name === name && last.text.length < 32_768) last.text += text;
    else this.#tail.push({ name, text });
    this.#tailLength += text.length;
    while (this.#tailLength > this.limits.tail) {
      const first = this.#tail[0]!;
      const excess = this.#tailLength - this.limits.tail;
      const gone = Math.min(excess, first.text.length);
      if (gone === first.text.length) this.#tail.shift();
      else first.text = first.text.slice(gone);
      this.#tailLength -= gone;
      this.#omitted += gone;
    }
  }
}

/** At most this many characters, and no half of a surrogate pair. */
function cut(text: string, length: number): string {
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? length - 1 : length);
}
