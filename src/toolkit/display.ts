/** Deno's convention: a value with this method is shown with the MIME bundle that it returns. */
export const displaySymbol: unique symbol = Symbol.for('Jupyter.display') as never;

/** A value that a notebook shows richly. Outside a notebook nobody calls the method. */
export interface Displayable {
  [displaySymbol](): Record<string, unknown> | Promise<Record<string, unknown>>;
}
