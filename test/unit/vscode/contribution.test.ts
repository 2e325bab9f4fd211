import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, configuration, NOTEBOOK_TYPE, RENDERER_KINDS, rendererId } from '../../../src/vscode/contribution.ts';

const root = new URL('../../../', import.meta.url).pathname;
const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const manifest = json('package.json');
const { contributes } = manifest;

const sources = ['src/extension.ts', ...readdirSync(join(root, 'src/vscode')).map((name) => `src/vscode/${name}`)];
const code = sources.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');

test('every command in the code is contributed, and the other way round', () => {
  expect(contributes.commands.map((c: { command: string }) => c.command).sort()).toEqual(Object.values(command).sort());
});

test('the settings in the code are contributed, and the other way round', () => {
  const { section, ...names } = configuration;
  const ids = Object.values(names).map((name) => `${section}.${name}`);
  expect(Object.keys(contributes.configuration.properties).sort()).toEqual(ids.sort());
});

test('every output kind has a renderer in the manifest and in the sources', () => {
  const renderers: { id: string; entrypoint: string; mimeTypes: string[] }[] = contributes.notebookRenderer;
  expect(renderers.map(({ id }) => id)).toEqual(RENDERER_KINDS.map(rendererId));
  for (const kind of RENDERER_KINDS) {
    const { entrypoint, mimeTypes } = renderers.find(({ id }) => id === rendererId(kind))!;
    expect(entrypoint).toBe(`./dist/renderers/${kind}.js`);
    expect(readFileSync(join(root, 'src', 'renderers', kind, 'payload.ts'), 'utf8')).toContain(`'${mimeTypes[0]}'`);
  }
  const folders = readdirSync(join(root, 'src', 'renderers')).filter((name) =>
    existsSync(join(root, 'src', 'renderers', name, 'payload.ts')),
  );
  expect(folders.sort()).toEqual([...RENDERER_KINDS].sort());
});

test('the notebook type is the one that the serializer registers', () => {
  expect(contributes.notebooks.map((n: { type: string }) => n.type)).toEqual([NOTEBOOK_TYPE]);
});

test('every text of the manifest exists in English and Japanese, and none is left over', () => {
  const keys = [...JSON.stringify(manifest).matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key!);
  const used = [...new Set(keys)].sort();
  expect(Object.keys(json('package.nls.json')).sort()).toEqual(used);
  expect(Object.keys(json('package.nls.ja.json')).sort()).toEqual(used);
});

test('every text in the code is translated into Japanese, with the same placeholders', () => {
  const texts = [...code.matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g)].map(([, text]) => text!);
  const bundle: Record<string, string> = json('l10n/bundle.l10n.ja.json');
  expect(Object.keys(bundle).sort()).toEqual([...new Set(texts)].sort());
  const placeholders = (text: string) => (text.match(/\{\d\}/g) ?? []).sort();
  for (const [english, japanese] of Object.entries(bundle)) {
    expect(placeholders(japanese), english).toEqual(placeholders(english));
  }
});

test('every file that the manifest names is there or is built', () => {
  const { icon, contributes: c } = manifest;
  const pictures = [
    icon,
    ...Object.values(c.languages[0].icon),
    c.grammars[0].path,
    `${manifest.l10n}/bundle.l10n.ja.json`,
  ];
  const media = c.walkthroughs[0].steps.map(
    (s: { media: { image?: string; markdown?: string } }) => s.media.image ?? s.media.markdown,
  );
  for (const path of [...pictures, ...media]) expect(existsSync(join(root, path)), path).toBe(true);
});
