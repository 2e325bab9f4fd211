import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { AnomalyDetector, NdArray, PCA } from 'aenb';
import { beforeAll, describe, expect, test } from 'vitest';
import { aenb, inFolder } from './command.ts';

beforeAll(async () => {
  const normal = NdArray.from(Array.from({ length: 200 }, (_, i) => [Math.sin(i), 2 * Math.sin(i), Math.cos(i * 7)]));
  const detector = new AnomalyDetector({ model: new PCA({ latentDim: 2 }), seed: 1 });
  await detector.fit(normal);
  await detector.save(inFolder('detector'));
  writeFileSync(inFolder('data.csv'), 'a,"b, or not",c\n0,0,1\n0.5,4,0\n');
});

describe('aenb score', () => {
  test('writes scores, decisions and features to standard output, and a summary beside', async () => {
    const { status, stdout, stderr } = await aenb('score', 'detector', 'data.csv', '--top', '2');
    expect({ status, stderr: stderr.split('\n').at(-2) }).toEqual({ status: 0, stderr: '2 rows, 1 anomalies' });
    const [header, first, second, end] = stdout.split('\n');
    expect(header).toBe('row,score,anomaly,top1,share1,top2,share2');
    expect(first).toMatch(/^1,[\d.e-]+,0,/);
    expect(second).toMatch(/^2,[\d.e-]+,1,/);
    expect(second).toContain('"b, or not"');
    expect(end).toBe('');
  });

  test('writes JSON lines to a file, which appears when it is whole', async () => {
    const { status, stdout } = await aenb('score', 'detector', 'data.csv', '--out', 'scores.jsonl', '--quiet');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    const rows = readFileSync(inFolder('scores.jsonl'), 'utf8').trim().split('\n');
    const last = JSON.parse(rows[1]);
    expect(last).toMatchObject({ row: 2, anomaly: 1 });
    expect(last.top.length).toBe(3);
    expect(last.top.map(({ feature }: { feature: string }) => feature).sort()).toEqual(['a', 'b, or not', 'c']);
  });

  test.each([
    [['missing', 'data.csv'], 'missing holds no saved detector'],
    [['detector', 'missing.csv'], 'no such file'],
    [['detector', 'bad.csv'], "row 2 (line 3), column 2 'b' is missing"],
    [['detector', 'narrow.csv'], 'x must have 3 values per sample'],
    [['detector', 'data.csv', '--format', 'xml'], 'Allowed choices are csv, jsonl'],
    [['detector', 'data.csv', '--top', 'all'], 'It must be a whole number'],
  ])('%j ends with 2 and the reason, and leaves no file', async (args, reason) => {
    writeFileSync(inFolder('bad.csv'), 'a,b,c\n1,2,3\n1,,3\n');
    writeFileSync(inFolder('narrow.csv'), 'a,b\n1,2\n');
    const { status, stderr } = await aenb('score', ...args, '--out', 'none.csv');
    expect(status).toBe(2);
    expect(stderr).toContain(reason);
    expect(existsSync(inFolder('none.csv'))).toBe(false);
  });
});
