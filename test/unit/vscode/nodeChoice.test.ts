import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseNode, isNewEnough, type NodeSearch, searchHere } from '../../../src/vscode/nodeChoice.ts';

const plain = (message: string, ...values: (string | number)[]) =>
  message.replace(/\{(\d)\}/g, (_, i) => String(values[i]));

/** A machine whose PATH holds these folders, with the version of the Node in each. */
function machine(nodes: Record<string, string>, setting = ''): NodeSearch {
  const at = (file: string) => Object.entries(nodes).find(([folder]) => file === join(folder, 'node'))?.[1];
  return {
    setting,
    path: Object.keys(nodes).join(delimiter),
    platform: 'linux',
    editor: { executable: '/opt/code', version: '22.1.0' },
    exists: async (file) => at(file) !== undefined,
    versionOf: async (file) => at(file),
  };
}

test('takes the first Node on the PATH that is new enough', async () => {
  const choice = await chooseNode(machine({ '/old': '18.20.0', '/good': '20.19.1', '/newer': '24.0.0' }), plain);
  expect(choice).toEqual({ executable: join('/good', 'node'), version: '20.19.1', source: 'path', environment: {} });
});

test("takes the editor's own Node, run as Node, where none is on the PATH", async () => {
  const choice = await chooseNode(machine({ '/old': '20.18.3' }), plain);
  expect(choice).toMatchObject({
    executable: '/opt/code',
    source: 'editor',
    environment: { ELECTRON_RUN_AS_NODE: '1' },
  });
});

test('the setting wins over the PATH', async () => {
  const choice = await chooseNode(machine({ '/good': '22.0.0', '/mine': '24.1.0' }, join('/mine', 'node')), plain);
  expect(choice).toMatchObject({ executable: join('/mine', 'node'), version: '24.1.0', source: 'setting' });
});

test('a setting that names no Node, or one that is too old, is refused with what it was', async () => {
  await expect(chooseNode(machine({}, '/bin/cat'), plain)).rejects.toThrow('got /bin/cat, which does not run as one');
  await expect(chooseNode(machine({ '/old': '18.0.0' }, join('/old', 'node')), plain)).rejects.toThrow(
    '20.19.0 or newer, got 18.0.0',
  );
});

test('versions are compared by number', () => {
  expect(isNewEnough('20.19.0')).toBe(true);
  expect(isNewEnough('20.9.5')).toBe(false);
  expect(isNewEnough('100.0.0')).toBe(true);
});

test('finds the Node that runs this test, on this machine', async () => {
  const choice = await chooseNode(searchHere(process.execPath), plain);
  expect(choice.version).toBe(process.versions.node);
});
