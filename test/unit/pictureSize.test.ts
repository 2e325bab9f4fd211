import { loadImage } from '@napi-rs/canvas';
import { describe, expect, test } from 'vitest';
import { type Output, pictureSize, toOutput } from '../../src/notebook/index.ts';
import { displaySymbol } from '../../src/toolkit/plot/display.ts';
import { table } from '../../src/toolkit/plot/index.ts';
import { fromFile, toFile } from '../../src/vscode/outputData.ts';

const bundle = await table([{ answer: 42 }], { title: 'One row' })[displaySymbol]();
const picture = await loadImage(Buffer.from(bundle['image/png'] as string, 'base64'));
const size = { width: picture.width / 2, height: picture.height / 2 };

describe('the PNG of a picture', () => {
  test('is drawn for sharp screens, and its output tells other viewers the size it is meant to have', () => {
    const shown = { kind: 'display', data: bundle, metadata: {} } as const;
    expect(toOutput(shown, null)).toMatchObject({ metadata: { 'image/png': size } });
    expect(toOutput({ ...shown, kind: 'result' }, 1)).toMatchObject({ metadata: { 'image/png': size } });
  });

  test('that came with an update in VS Code has its size in the saved file', () => {
    const output: Output = { output_type: 'display_data', data: bundle, metadata: { mine: 1 } };
    expect(toFile(fromFile(output))).toEqual([{ ...output, metadata: { 'image/png': size, mine: 1 } }]);
  });

  test('keeps a size that somebody else gave it, and pictures of others are left alone', () => {
    const own = { 'image/png': { width: 10 } };
    expect(toOutput({ kind: 'display', data: bundle, metadata: own }, null)).toMatchObject({ metadata: own });
    expect(pictureSize({ 'image/png': bundle['image/png'] })).toEqual({});
    expect(pictureSize({ 'application/vnd.aenb.table.v1+json': {}, 'image/png': 'iVBORw0KGgo=' })).toEqual({});
  });
});
