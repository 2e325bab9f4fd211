export { type Lifted, liftConstants } from './lift.ts';
export { type Distribution, difference, type Node, type Program, print, type Value, valuesOf } from './program.ts';
export { type ReplayInputs, replay } from './replay.ts';
export { applyRule } from './rules.ts';
export { type Attributes, pooling, windowSizes } from './shapes.ts';
export { simplify } from './simplify.ts';
export { threadsFor } from './threadsFor.ts';
export { abandonTrace, NotCompilable, type TraceInputs, type TraceScope, trace, updatePrefix } from './trace.ts';
