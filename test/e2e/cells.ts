import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { notebookText } from './notebookText.ts';
import type { Workbench } from './workbench.ts';

/** Running cells: text, results, errors, interrupts, crashes. */
export function cellTests(workbench: () => Workbench): void {
  test('cells show text and results, and the status bar the state of the kernel', async () => {
    const w = workbench();
    await w.write(
      'cells.aenb',
      notebookText(
        'const six: number = 6;\nsix * 7',
        "console.log('to', 'stdout');\nconsole.error('to stderr')",
        'enum Kind { Dense, Conv }\nKind[1]',
      ),
    );
    await w.openNotebook('cells.aenb');
    await eventually(() => w.kernelState()).toBe('aenb: not started');
    await w.runAll();
    await w.outputs.getByText('42', { exact: true }).waitFor();
    await w.outputs.getByText('to stdout').waitFor();
    await w.outputs.getByText('to stderr').waitFor();
    await w.outputs.getByText("'Conv'").waitFor();
    await eventually(() => w.cellStates()).toEqual(['success', 'success', 'success']);
    await eventually(() => w.kernelState()).toBe('aenb: idle');
  });

  test('an error names its cell and line, links to it, and the cells behind it do not run', async () => {
    const w = workbench();
    await w.write(
      'error.aenb',
      notebookText(
        'const before = 1',
        "function fail() {\n  throw new RangeError('latentDim is wrong');\n}\nfail();",
        "console.log('must not run')",
      ),
    );
    await w.openNotebook('error.aenb');
    await w.runAll();
    await w.outputs.getByText('RangeError: latentDim is wrong').first().waitFor();
    await eventually(() => w.cellStates()).toEqual(['success', 'error', undefined]);
    const link = w.outputs.getByRole('link', { name: 'line 2' });
    await link.click();
    await eventually(() => w.page.locator('.cell-editor-focus .monaco-editor').textContent()).toContain('RangeError');
    expect(await w.outputs.getByText('must not run').count()).toBe(0);
    await w.scene('error');
  });

  test('interrupting an endless loop keeps the variables of earlier cells', async () => {
    const w = workbench();
    await w.write(
      'interrupt.aenb',
      notebookText("let kept = 'still here';\nconsole.log('ready')", 'while (true) {}', 'kept'),
    );
    await w.openNotebook('interrupt.aenb');
    await w.runAll();
    await w.outputs.getByText('ready').waitFor();
    await eventually(() => w.cellStates()).toEqual(['success', 'executing', 'pending']);
    await eventually(() => w.kernelState()).toBe('aenb: busy');
    await w.toolbar('Interrupt').click();
    await eventually(() => w.cellStates()).toEqual(['success', 'error', undefined]);
    await w.scene('interrupt');
    await w.runCell(2);
    await w.outputs.getByText("'still here'").waitFor();
  });

  test('a process that ends tells why, cancels what waits, and one click starts it again', async () => {
    const w = workbench();
    await w.write('crash.aenb', notebookText('process.exit(3)', "console.log('after', typeof lost)"));
    await w.openNotebook('crash.aenb');
    await w.runAll();
    await w.outputs
      .getByText(/exit code 3/)
      .first()
      .waitFor();
    await eventually(() => w.cellStates()).toEqual(['error', undefined]);
    await eventually(() => w.kernelState()).toBe('aenb: ended');
    await w.notification('The kernel has ended').waitFor();
    await w.scene('crash');
    await w.notification('The kernel has ended').getByRole('button', { name: 'Restart Kernel' }).click();
    await eventually(() => w.kernelState()).toBe('aenb: idle');
    await w.runCell(1);
    await w.outputs.getByText('after undefined').waitFor();
    await w.scene('recovery');
  });

  test('two thousand lines arrive in order, shown with head and tail', async () => {
    const w = workbench();
    await w.write('lines.aenb', notebookText("for (let i = 1; i <= 2000; i++) console.log('line', i)"));
    await w.openNotebook('lines.aenb');
    await w.runAll();
    await w.outputs.getByText('line 2000').waitFor();
    await eventually(() => w.cellStates()).toEqual(['success']);
    await w.save();
    const [output] = JSON.parse(await w.read('lines.aenb')).cells[0].outputs;
    expect(output.text.join('')).toBe(Array.from({ length: 2000 }, (_, i) => `line ${i + 1}\n`).join(''));
    const seconds = await w.page
      .locator('.cell-status-item', { hasText: /^[\d.]+m?s$/ })
      .first()
      .textContent();
    console.log(`2 000 lines in VS Code: the cell says ${seconds}`);
  });

  test('output of a timer goes to the cell that started it, after that cell has ended', async () => {
    const w = workbench();
    await w.write(
      'late.aenb',
      notebookText("setTimeout(() => console.log('from the timer'), 400);\n'at once'", "'second cell'"),
    );
    await w.openNotebook('late.aenb');
    await w.runAll();
    await w.outputs.getByText('from the timer').waitFor();
    await eventually(() => w.cellStates()).toEqual(['success', 'success']);
    await w.save();
    const [first] = JSON.parse(await w.read('late.aenb')).cells;
    expect(JSON.stringify(first.outputs)).toContain('from the timer');
  });

  test('restart and run all begins with a clean kernel', async () => {
    const w = workbench();
    await w.write(
      'restart.aenb',
      notebookText("globalThis.runs = (globalThis.runs ?? 0) + 1;\n'run ' + globalThis.runs"),
    );
    await w.openNotebook('restart.aenb');
    await w.runAll();
    await w.outputs.getByText("'run 1'").waitFor();
    await w.runAll();
    await w.outputs.getByText("'run 2'").waitFor();
    await w.command('Autoencoder: Restart and Run All');
    await w.outputs.getByText("'run 1'").waitFor();
  });

  test('a setting of the kernel that changes asks for a restart, and does nothing without one', async () => {
    const w = workbench();
    await w.write(
      'setting.aenb',
      notebookText(
        'globalThis.kept ??= process.pid;\n[globalThis.kept === process.pid, process.env.AENB_ENGINE].join()',
      ),
    );
    await w.openNotebook('setting.aenb');
    await w.runAll();
    await w.outputs.getByText("'true,auto'").waitFor();
    await w.write('.vscode/settings.json', '{ "aenb.engine": "cpu" }');
    const question = w.notification('The kernel settings have changed');
    await question.waitFor();
    await w.runAll();
    await eventually(() => w.cellStates()).toEqual(['success']);
    await w.outputs.getByText("'true,auto'").waitFor();
    await question.getByRole('button', { name: 'Restart Kernel' }).click();
    await eventually(() => w.kernelState()).toBe('aenb: idle');
    await w.runAll();
    await w.outputs.getByText("'true,cpu'").waitFor();
    await w.write('.vscode/settings.json', '{}');
  });

  test('input() asks in a box and gives the answer to the cell', async () => {
    const w = workbench();
    await w.write('input.aenb', notebookText("const name = await input('Your name?');\n'hello ' + name"));
    await w.openNotebook('input.aenb');
    await w.runAll();
    await w.page.locator('.quick-input-widget', { hasText: 'Your name?' }).waitFor();
    await w.page.keyboard.type('Ada');
    await w.page.keyboard.press('Enter');
    await w.outputs.getByText("'hello Ada'").waitFor();
  });

  test('closing a notebook ends its kernel process', async () => {
    const w = workbench();
    await w.write('closed.aenb', notebookText("console.log('process', process.pid)"));
    await w.openNotebook('closed.aenb');
    await w.runAll();
    const text = await w.outputs.getByText(/^process \d+/).textContent();
    const pid = Number(/\d+/.exec(text!)![0]);
    const lives = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    expect(lives()).toBe(true);
    await w.closeEditors();
    await eventually(lives).toBe(false);
  });
}
