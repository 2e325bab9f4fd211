/** Entry of the kernel process; the same file is its interrupting worker. */
import { isMainThread } from 'node:worker_threads';
import { runInterrupter } from './interrupter';
import { runKernel } from './kernel';

if (isMainThread) runKernel(__filename);
else runInterrupter();
