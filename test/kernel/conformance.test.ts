import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCases, pattern, shown } from './support/conformance.ts';
import { startSession } from './support/session.ts';

const folder = new URL('./conformance/', import.meta.url).pathname;

for (const file of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
  describe(file.replace('.md', ''), () => {
    for (const { title, steps } of parseCases(readFileSync(join(folder, file), 'utf8'))) {
      test(title, async () => {
        const { directory, run, session } = startSession();
        for (const step of steps) {
          if (step.kind === 'file') {
            const path = join(directory, step.name);
            mkdirSync(dirname(path), { recursive: true });
            writeFileSync(path, step.text);
            continue;
          }
          const { events } = await run(step.code);
          const seen = shown(events).replaceAll(directory, 'NOTEBOOK');
          if (!pattern(step.expected).test(`\n${seen}`))
            expect(seen, `${file}, cell at line ${step.line}`).toBe(step.expected);
        }
        expect(session.state).toBe('idle');
      });
    }
  });
}
