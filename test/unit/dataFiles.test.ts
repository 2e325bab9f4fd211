import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { createCanvas } from '@napi-rs/canvas';
import { datasets } from 'aenb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { withPublicFile } from '../../src/toolkit/datasets/locate.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aenb-data-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('CSV', () => {
  test('header, delimiter and quotes are found out, and text labels numbered', async () => {
    const path = await file(
      'a.csv',
      '\ufeff"height, cm";weight;"kind"\r\n1.5;"2";b\r\n-3e2; 4.25 ;"a ""x"""\r\n\r\n+5;.5;b',
    );
    const { x, y, labels } = await datasets.csv(path, { label: 'kind' });
    expect(x.toArray()).toEqual([
      [1.5, 2],
      [-300, 4.25],
      [5, 0.5],
    ]);
    expect([Array.from(y!), labels]).toEqual([
      [1, 0, 1],
      ['a "x"', 'b'],
    ]);
  });

  test('labels by index, whole numbers kept; other delimiters; gzip', async () => {
    const path = await file('b.csv.gz', gzipSync('1\t2\t7\n3\t4\t9\n'));
    const { x, y, labels } = await datasets.csv(path, { label: -1 });
    expect([x.toArray(), Array.from(y!), labels]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [7, 9],
      undefined,
    ]);
    const barred = await datasets.csv(await file('c.csv', 'a:b\n1:2\n'), { delimiter: ':' });
    expect(barred.x.toArray()).toEqual([[1, 2]]);
  });

  test('numbers are read as JavaScript reads them, however they are written', async () => {
    const texts = ['0.6961757421463841', '1e-7', '123456789012345678', '-0.1', '1E+3', '4.9e-44', '1e30', '0x10', '6.'];
    const { x } = await datasets.csv(await file('d.csv', `${texts.join(',')}\n`), { header: false });
    expect(Array.from(x.data)).toEqual(texts.map((text) => Math.fround(Number(text))));
  });

  test('a file of many chunks comes out whole', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `${i},${i / 7},"${-i - 1}"`);
    const { x } = await datasets.csv(await file('e.csv', `a,b,c\n${rows.join('\n')}\n`));
    expect(x.shape).toEqual([200_000, 3]);
    for (const i of [0, 1, 99_999, 199_999]) expect(Array.from(x.row(i))).toEqual([i, Math.fround(i / 7), -i - 1]);
  });

  test.each([
    ['a missing value', 'a,b\n1,2\n3,\n', {}, /row 2 \(line 3\), column 2 'b' is missing \(''\)/],
    ['NA', 'a,b\n1,NA\n', {}, /row 1 \(line 2\), column 2 'b' is missing \('NA'\)/],
    ['a word', '1,2\n3,x4\n', {}, /row 2 \(line 2\), column 2 must be a finite number, got 'x4'/],
    ['infinity', 'a\n1\ninf\n', {}, /row 2 \(line 3\), column 1 'a' must be a finite number, got 'inf'/],
    ['a header called data', 'a,b\n1,2\n', { header: false }, /is the first row a header/],
    ['a short row', 'a,b\n1,2\n3\n', {}, /row 2 \(line 3\) has 1 field, the first row has 2/],
    ['a long row', 'a,b\n1,2\n3,4,5\n', {}, /row 2 \(line 3\) has 3 fields, the first row has 2/],
    ['an open quote', 'a,b\n1,"2\n3,4\n', {}, /line 2 does not end/],
    ['an unknown label', 'a,b\n1,2\n', { label: 'kind' }, /'a', 'b'; got 'kind'/],
    ['a label beyond the columns', '1,2\n', { label: 2 }, /2 columns and no header; got 2/],
    ['an empty file', '', {}, /holds no rows/],
    ['a header alone', 'a,b\n', {}, /holds no rows/],
    ['a delimiter of two characters', '1,2\n', { delimiter: ', ' }, /delimiter must be one character/],
  ])('refuses %s by its place', async (_, text, options, message) => {
    await expect(datasets.csv(await file('bad.csv', text), options)).rejects.toThrow(message);
  });
});

/** A .npy file, version 1. */
function npyFile(descr: string, shape: string, values: Buffer, fortran = false): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const header = `${text.padEnd(118 - 1)}\n`;
  const start = Buffer.alloc(10);
  start.write('\x93NUMPY\x01\x00', 'latin1');
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), values]);
}

/** A zip archive; `claim` changes what the table of contents says of a file. */
function zipFile(files: Record<string, Buffer>, claim: { unpacked?: number; packed?: number } = {}): Buffer {
  const parts: Buffer[] = [];
  const table: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(claim.packed ?? packed.length, 14);
    fields.writeUInt32LE(claim.unpacked ?? content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    table.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const contents = Buffer.concat(table);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(table.length, 8);
  end.writeUInt16LE(table.length, 10);
  end.writeUInt32LE(contents.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, contents, end]);
}

const floats = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);

describe('NumPy files', () => {
  test.each([
    ['|b1', Buffer.of(0, 1, 1), [0, 1, 1]],
    ['|i1', Buffer.of(255, 2, 3), [-1, 2, 3]],
    ['|u1', Buffer.of(255, 2, 3), [255, 2, 3]],
    ['<i2', Buffer.from(Int16Array.of(-300, 2, 3).buffer), [-300, 2, 3]],
    ['<u2', Buffer.from(Uint16Array.of(65_535, 2, 3).buffer), [65_535, 2, 3]],
    ['<i4', Buffer.from(Int32Array.of(-70_000, 2, 3).buffer), [-70_000, 2, 3]],
    ['<u4', Buffer.from(Uint32Array.of(4_000_000_000, 2, 3).buffer), [4_000_000_000, 2, 3]],
    ['<i8', Buffer.from(BigInt64Array.of(-5n, 2n, 3n).buffer), [-5, 2, 3]],
    ['<u8', Buffer.from(BigUint64Array.of(5n, 2n, 3n).buffer), [5, 2, 3]],
    ['<f2', Buffer.from(Uint16Array.of(0x3e00, 0xc000, 0x0001).buffer), [1.5, -2, 2 ** -24]],
    ['<f4', floats(1.5, -2, 3), [1.5, -2, 3]],
    ['<f8', Buffer.from(Float64Array.of(1.5, -2, 3).buffer), [1.5, -2, 3]],
    ['>f4', floats(1.5, -2, 3).swap32(), [1.5, -2, 3]],
    ['>i2', Buffer.from(Int16Array.of(-300, 2, 3).buffer).swap16(), [-300, 2, 3]],
  ])('of type %s', async (descr, values, expected) => {
    const array = await datasets.npy(await file('a.npy', npyFile(descr, '(3,)', values)));
    expect([Array.from(array.data), array.shape]).toEqual([expected, [3]]);
  });

  test('Fortran order becomes C order, for any number of axes', async () => {
    const two = await datasets.npy(await file('f2.npy', npyFile('<f4', '(2, 3)', floats(1, 4, 2, 5, 3, 6), true)));
    expect(two.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const values = Array.from({ length: 24 }, (_, i) => i);
    const three = await datasets.npy(await file('f3.npy', npyFile('<f4', '(2, 3, 4)', floats(...values), true)));
    // element (i, j, k) lies at i + 2 j + 6 k
    expect((three.toArray() as number[][][])[1][2][3]).toBe(1 + 4 + 18);
  });

  test('an archive gives its arrays by name, whatever their type', async () => {
    const path = await file(
      'a.npz',
      zipFile({
        'X.npy': npyFile('<f8', '(2, 1)', Buffer.from(Float64Array.of(1, 2).buffer)),
        'y.npy': npyFile('|u1', '()', Buffer.of(7)),
      }),
    );
    const { X, y } = await datasets.npz(path);
    expect([X.toArray(), Array.from(y.data)]).toEqual([[[1], [2]], [7]]);
  });

  const good = npyFile('<f4', '(2,)', floats(1, 2));
  test.each([
    [
      'cut short',
      'npy',
      good.subarray(0, -4),
      /must have 136 bytes for an array of shape \[2\], it has 132: it is cut short/,
    ],
    ['cut in the header', 'npy', good.subarray(0, 40), /less than the header/],
    ['too long', 'npy', Buffer.concat([good, Buffer.alloc(4)]), /it has 140/],
    ['a promise of a huge array', 'npy', npyFile('<f4', '(100000000000,)', floats(1)), /must have 400000000128 bytes/],
    ['of another format', 'npy', Buffer.from('hello world, hello'), /is no .npy file/],
    ['of texts', 'npy', npyFile('<U5', '(1,)', Buffer.alloc(20)), /type '<U5'; only real numbers/],
    ['of complex numbers', 'npy', npyFile('<c8', '(1,)', Buffer.alloc(8)), /type '<c8'; only real numbers/],
    ['of Python objects', 'npy', npyFile('|O', '(1,)', Buffer.alloc(8)), /type '\|O'; only real numbers/],
    ['a truncated archive', 'npz', zipFile({ 'X.npy': good }).subarray(0, -30), /is no whole zip archive/],
    ['an archive without arrays', 'npz', zipFile({ 'readme.txt': Buffer.from('hi') }), /no file in it ends in .npy/],
    ['an archive that claims to be small', 'npz', zipFile({ 'X.npy': good }, { unpacked: 20 }), /'X'/],
    ['overlapping parts', 'npz', zipFile({ 'X.npy': good }, { packed: 5000 }), /zip bomb|damaged/],
    ['a zip bomb', 'npz', zipFile({ 'X.npy': good }, { unpacked: 3_000_000_000 }), /zip bomb/],
  ])('are refused when %s', async (_, kind, content, message) => {
    const path = await file(`bad.${kind}`, content);
    await expect(kind === 'npy' ? datasets.npy(path) : datasets.npz(path)).rejects.toThrow(message);
  });

  test('damage inside an archive is found by its checksum', async () => {
    const bytes = zipFile({ 'X.npy': npyFile('<f4', '(64,)', floats(...Array.from({ length: 64 }, Math.random))) });
    bytes[150] ^= 0xff;
    await expect(datasets.npz(await file('damaged.npz', bytes))).rejects.toThrow(/damaged at 'X'/);
  });
});

describe('windows', () => {
  test('slide over a series of one channel or several', () => {
    expect(datasets.windows([1, 2, 3, 4, 5], { length: 3 }).toArray()).toEqual([
      [1, 2, 3],
      [2, 3, 4],
      [3, 4, 5],
    ]);
    const two = [
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
    ];
    expect(datasets.windows(two, { length: 2, stride: 2 }).toArray()).toEqual([
      [1, 10, 2, 20],
      [3, 30, 4, 40],
    ]);
    expect(() => datasets.windows([1, 2], { length: 3 })).toThrow(
      'length must be at most the 2 steps of the series, got 3',
    );
  });
});

describe('folders of images', () => {
  async function picture(path: string, width: number, height: number, colour: string): Promise<void> {
    await mkdir(join(path, '..'), { recursive: true });
    const canvas = createCanvas(width, height);
    const context = canvas.getContext('2d');
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
    await writeFile(path, path.endsWith('.png') ? await canvas.encode('png') : await canvas.encode('jpeg'));
  }

  test('sub-folders become labels, grey images one channel', async () => {
    const root = join(folder, 'grey');
    await picture(join(root, 'b', '1.png'), 4, 3, '#808080');
    await picture(join(root, 'a', '1.png'), 4, 3, '#ffffff');
    const { x, y, labels, imageShape } = await datasets.images(root);
    expect([x.shape, Array.from(y!), labels, imageShape]).toEqual([
      [2, 12],
      [0, 1],
      ['a', 'b'],
      [3, 4, 1],
    ]);
    expect([x.data[0], x.data[12]]).toEqual([1, Math.fround(128 / 255)]);
  });

  test('colour has three channels unless grey is asked for; sizes are made one by size', async () => {
    const root = join(folder, 'colour');
    await picture(join(root, '1.png'), 4, 4, '#ff0000');
    await picture(join(root, '2.jpg'), 8, 6, '#0000ff');
    const { x, y, imageShape } = await datasets.images(root, { size: [2, 3] });
    expect([x.shape, y, imageShape]).toEqual([[2, 18], undefined, [2, 3, 3]]);
    expect(Array.from(x.row(0).subarray(0, 3))).toEqual([1, 0, 0]);
    expect(x.row(1)[2]).toBeCloseTo(1, 1);
    const grey = await datasets.images(root, { size: [2, 3], grayscale: true });
    expect(grey.x.row(0)[0]).toBeCloseTo(0.299, 2);
    await expect(datasets.images(root)).rejects.toThrow(/1\.png has 4 x 4 pixels .*2\.jpg 6 x 8\. Set size/);
  });

  test('what is no image is named', async () => {
    const root = join(folder, 'broken');
    await mkdir(root);
    await expect(datasets.images(root)).rejects.toThrow('holds no images');
    await writeFile(join(root, 'x.png'), 'not a picture');
    await expect(datasets.images(root)).rejects.toThrow(/x\.png can't be read as an image/);
  });
});

describe('public data sets', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });
  const content = Buffer.alloc(300_000, 'aenb');
  const md5 = createHash('md5').update(content).digest('hex');

  /** Breaks the first answer off in its middle; then answers ranges. */
  async function serve(asked: string[], etag = '"1"'): Promise<string> {
    server = createServer((request, response) => {
      asked.push(request.headers.range ?? 'all');
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const goesOn = from > 0 && request.headers['if-range'] === etag;
      const rest = content.subarray(goesOn ? from : 0);
      response.writeHead(goesOn ? 206 : 200, { 'content-length': rest.length, etag });
      if (asked.length > 1) response.end(rest);
      else response.write(rest.subarray(0, 100_000), () => breakOff(response));
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/set.bin`;
  }

  /** Once something of it has come through to the disk. */
  async function breakOff(response: ServerResponse): Promise<void> {
    const partial = join(process.env.XDG_CACHE_HOME!, 'aenb', 'data', 'set', 'set.bin.part');
    while (((await stat(partial).catch(() => undefined))?.size ?? 0) === 0) await setImmediate();
    response.socket!.end();
  }

  async function withCache(use: () => Promise<void>): Promise<void> {
    const before = { cache: process.env.XDG_CACHE_HOME, data: process.env.AENB_DATA };
    process.env.XDG_CACHE_HOME = join(folder, `cache-${Math.random()}`);
    delete process.env.AENB_DATA;
    try {
      await use();
    } finally {
      process.env.XDG_CACHE_HOME = before.cache;
      if (before.cache === undefined) delete process.env.XDG_CACHE_HOME;
      if (before.data !== undefined) process.env.AENB_DATA = before.data;
    }
  }

  test.skipIf(process.platform !== 'linux')(
    'a broken download goes on where it broke, and is kept when its sum is right',
    async () => {
      await withCache(async () => {
        const asked: string[] = [];
        const set = { path: 'set/set.bin', addresses: [await serve(asked)], checksum: { md5 } };
        await expect(withPublicFile(set, (path) => readFile(path))).rejects.toThrow(/could not be downloaded/);
        expect(await withPublicFile(set, (path) => readFile(path))).toEqual(content);
        expect(asked).toEqual(['all', expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
        server!.close();
        // from now on it lies in the cache
        expect(await withPublicFile({ ...set, addresses: [] }, (path) => readFile(path))).toEqual(content);
      });
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'a file that is not what was published is refused and removed',
    async () => {
      await withCache(async () => {
        const set = { path: 'set/set.bin', addresses: [await serve(['all'])], checksum: { md5: '0'.repeat(32) } };
        await expect(withPublicFile(set, (path) => readFile(path))).rejects.toThrow(/is not what was published \(MD5 /);
        expect(existsSync(join(process.env.XDG_CACHE_HOME!, 'aenb', 'data', 'set', 'set.bin'))).toBe(false);
      });
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'without a network the message says of every place why, and what to do',
    async () => {
      await withCache(async () => {
        const set = { path: 'set/set.bin', addresses: ['http://127.0.0.1:9/set.bin'] };
        const failure = withPublicFile(set, (path) => readFile(path));
        await expect(failure).rejects.toThrow(/\$AENB_DATA: not set/);
        await expect(failure).rejects.toThrow(/cache: .* is not there/);
        await expect(failure).rejects.toThrow(/download: .* could not be downloaded/);
        await expect(failure).rejects.toThrow(/set AENB_DATA to the folder that holds set\/set\.bin/);
      });
    },
  );

  const data = process.env.AENB_DATA;
  test.skipIf(!data || !existsSync(join(data, 'adbench', '6_cardio.npz')))(
    'ADBench sets have 1 for anomalies',
    async () => {
      const { x, y } = await datasets.adbench('6_cardio');
      expect(x.shape).toEqual([1831, 21]);
      expect(y!.reduce((sum, label) => sum + label, 0)).toBe(176);
      await expect(datasets.adbench('../x')).rejects.toThrow("such as '6_cardio', got '../x'");
    },
  );

  test.skipIf(!data || !existsSync(join(data, 'ecg5000', 'train.csv.gz')))(
    'ECG5000 has five kinds, or two',
    async () => {
      const { train, test: held } = await datasets.ecg5000();
      expect([train.x.shape, held.x.shape]).toEqual([
        [4500, 140],
        [500, 140],
      ]);
      expect([...new Set(train.y)].sort()).toEqual([0, 1, 2, 3, 4]);
      const binary = await datasets.ecg5000({ binary: true });
      expect(binary.train.y!.filter((label) => label === 0).length).toBe(2627);
      expect(binary.train.labels).toEqual(['normal', 'anomaly']);
    },
  );

  test('ECG5000 is read from the archive as it is published', async () => {
    const before = process.env.AENB_DATA;
    process.env.AENB_DATA = join(folder, 'own');
    await mkdir(join(folder, 'own', 'ecg5000'), { recursive: true });
    const row = (label: number, value: number) =>
      `  ${label}.0000000e+00  ${Array(140).fill(value.toExponential(7)).join('   ')}`;
    await file(
      'own/ecg5000/ECG5000.zip',
      zipFile({
        'ECG5000_TRAIN.txt': Buffer.from(`${row(1, -1.5)}\r\n`),
        'ECG5000_TEST.txt': Buffer.from(`${row(1, 0.25)}\r\n${row(5, 2)}\r\n`),
      }),
    );
    try {
      const { train, test: held } = await datasets.ecg5000();
      expect([train.x.shape, Array.from(train.y!), train.x.data[0]]).toEqual([[2, 140], [0, 4], 0.25]);
      expect([held.x.shape, held.x.data[0]]).toEqual([[1, 140], -1.5]);
    } finally {
      if (before === undefined) delete process.env.AENB_DATA;
      else process.env.AENB_DATA = before;
    }
  });
});
