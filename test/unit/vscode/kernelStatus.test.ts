import { expect, test } from 'vitest';
import { describeKernel } from '../../../src/vscode/kernelStatus.ts';

const plain = (message: string, ...values: (string | number)[]) =>
  message.replace(/\{(\d)\}/g, (_, i) => String(values[i]));

test('a notebook without a kernel says so', () => {
  expect(describeKernel(undefined, plain)).toMatchObject({
    text: '$(circle-outline) aenb: not started',
    warning: false,
  });
});

test('a running kernel shows its engine, threads, Node and why no better engine runs', () => {
  const engine = { name: 'wasm', version: '4.22.0', threads: 1, reason: 'the native engine is not installed' } as const;
  const status = describeKernel({ state: 'busy', engine, nodeVersion: '20.20.2', pid: 12 }, plain);
  expect(status.text).toBe('$(sync~spin) aenb: busy · wasm');
  expect(status.tooltip).toContain('Engine: wasm 4.22.0, threads: 1');
  expect(status.tooltip).toContain('Node.js 20.20.2, process 12');
  expect(status.tooltip).toContain('the native engine is not installed');
});

test('a kernel that ended is a warning', () => {
  expect(describeKernel({ state: 'dead' }, plain).warning).toBe(true);
});
