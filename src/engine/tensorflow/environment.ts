/** Must run before tfjs-node and TensorFlow load: both read what is set here once, at their start. */
import util from 'node:util';
import { threads as allowed } from '../threads.ts';

// tfjs-node 4.22 calls two functions that Node 23 removed
const shimmed = util as unknown as Record<string, unknown>;
shimmed.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
shimmed.isArray ??= Array.isArray;

/** Sets what the user has not. */
function byDefault(name: string, value: string): void {
  process.env[name] ??= value;
}

// TensorFlow greets with its processor flags on standard error; errors (level 3) still show
byDefault('TF_CPP_MIN_LOG_LEVEL', '2');
// by itself it takes every core of the machine, also in a container or under taskset that allows two
byDefault('TF_NUM_INTRAOP_THREADS', String(allowed));

/** Threads that one operation may use. */
export const threads = Number(process.env.TF_NUM_INTRAOP_THREADS);
