import { availableParallelism } from 'node:os';

/** Threads that one operation of a native engine may use: AENB_THREADS, else the cores that this process may run on. */
export const threads = Math.max(1, Math.floor(Number(process.env.AENB_THREADS)) || availableParallelism());
