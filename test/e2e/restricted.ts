import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Environment } from './environment.ts';
import { eventually } from './eventually.ts';
import { notebookText } from './notebookText.ts';

/** A folder that the user does not trust, and what changes when they do. */
export function restrictedTests(environment: () => Environment): void {
  test('an untrusted workspace shows notebooks but starts no kernel until it is trusted', async () => {
    const server = await environment().serve({ name: 'restricted', trust: false });
    const w = await server.open();
    const mark = join(server.folder, 'was-run');
    const exists = () =>
      access(mark).then(
        () => true,
        () => false,
      );
    const text = notebookText('# Saved', `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '');\n'it ran'`);
    const saved = JSON.parse(text);
    saved.cells[1].outputs = [{ output_type: 'stream', name: 'stdout', text: ['from an earlier run\n'] }];
    await w.write('other.aenb', JSON.stringify(saved));
    await w.openNotebook('other.aenb');
    await w.outputs.getByText('from an earlier run').waitFor();

    await w.runAll();
    const question = w.page.locator('.monaco-dialog-box', { hasText: /trust/i });
    await question.waitFor();
    await w.picture('restricted');
    expect(await exists()).toBe(false);
    await question.getByRole('button', { name: 'Cancel' }).click();
    await question.waitFor({ state: 'hidden' });
    expect(await w.kernelState()).toBe('aenb: not started');
    expect(await exists()).toBe(false);

    await w.runAll();
    await question.getByRole('button', { name: /^(Trust|Yes|Grant)/ }).click();
    await w.outputs.getByText("'it ran'").waitFor();
    await eventually(exists).toBe(true);
    await w.close();
  });
}
