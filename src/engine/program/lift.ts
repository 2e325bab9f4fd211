import type { DataType, Program, Value, Values } from './program.ts';

/** A constant that a program is given at every run instead of holding it. */
export interface Lifted {
  /** The feed's name. */
  readonly name: string;
  readonly values: Values;
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** Constants of more elements than this would swell a graph that has to be written and read. */
const limit = 4096;

/** Turns big constants into feeds. */
export function liftConstants(program: Program): { program: Program; constants: Lifted[] } {
  const constants: Lifted[] = [];
  const values = program.values.map((value): Value => {
    if (value.kind !== 'constant' || value.values.length <= limit) return value;
    const name = `constant:${constants.length}`;
    const { shape, dtype } = value;
    constants.push({ name, values: value.values, shape, dtype });
    return { kind: 'feed', name, shape, dtype };
  });
  return constants.length === 0 ? { program, constants } : { program: { ...program, values }, constants };
}
