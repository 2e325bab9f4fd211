import { afterAll, afterEach, beforeAll, describe, vi } from 'vitest';
import { cellTests } from './cells.ts';
import { Environment, type Server } from './environment.ts';
import { fileTests } from './files.ts';
import { japaneseTests } from './japanese.ts';
import { pictureTests } from './pictures.ts';
import { restrictedTests } from './restricted.ts';
import { trainingCareTests, trainingTests } from './training.ts';
import type { Workbench } from './workbench.ts';

// A window on a busy machine may take a minute to open; what is waited for comes far sooner on a quiet one.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 600_000 });

describe('VS Code with the extension from its VSIX', () => {
  let environment: Environment;
  let server: Server;
  let workbench: Workbench;

  beforeAll(async () => {
    environment = await Environment.create();
    server = await environment.serve({ name: 'trusted' });
    workbench = await server.open();
  });
  afterEach(async (context) => {
    if (context.task.result?.state === 'fail') await workbench.picture(`failed ${context.task.name.slice(0, 40)}`);
    await workbench.closeEditors();
  });
  afterAll(() => environment?.dispose());

  trainingTests(() => workbench);
  trainingCareTests(() => workbench);
  pictureTests(() => workbench);
  cellTests(() => workbench);
  fileTests(() => workbench);
  japaneseTests(() => server);
  restrictedTests(() => environment);
});
