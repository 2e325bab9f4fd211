/**
 * Brings the pictures of an exported page to life: every `<script type="application/vnd.aenb.<kind>.v1+json">` inside
 * a figure is drawn in place of the figure's static image. The image stays for printing, and where no script runs.
 */
import type { OutputItem, RendererApi, RendererContext } from 'vscode-notebook-renderer';
import { activate as activateBars } from './bars/renderer.ts';
import { activate as activateCurves } from './curves/renderer.ts';
import { activate as activateHistogram } from './histogram/renderer.ts';
import { activate as activateImages } from './images/renderer.ts';
import { activate as activateLatent } from './latent/renderer.ts';
import { activate as activateModel } from './model/renderer.ts';
import css from './page.css';
import { activate as activateProgress } from './progress/renderer.ts';
import { activate as activateReconstruction } from './reconstruction/renderer.ts';
import { activate as activateRun } from './run/renderer.ts';
import { activate as activateScatter } from './scatter/renderer.ts';
import { adoptStyles } from './shared/elements.ts';
import { setLanguage } from './shared/words.ts';
import { activate as activateTable } from './table/renderer.ts';

const activations = {
  bars: activateBars,
  histogram: activateHistogram,
  model: activateModel,
  curves: activateCurves,
  images: activateImages,
  latent: activateLatent,
  progress: activateProgress,
  reconstruction: activateReconstruction,
  run: activateRun,
  scatter: activateScatter,
  table: activateTable,
};
type KindName = keyof typeof activations;

const ofOurs = /^application\/vnd\.aenb\.([a-z]+)\.v1\+json$/;
const renderers = new Map<KindName, RendererApi>();

/** A page has no kernel: nothing can be asked, and no state is kept. */
const context = { workspace: { isTrusted: false }, setState: () => undefined, getState: () => undefined };

function rendererOf(kind: KindName): RendererApi {
  let renderer = renderers.get(kind);
  if (!renderer) {
    renderer = activations[kind](context as unknown as RendererContext<unknown>) as RendererApi;
    renderers.set(kind, renderer);
  }
  return renderer;
}

function drawAll(): void {
  adoptStyles(css);
  setLanguage(document.documentElement.lang);
  document.querySelectorAll<HTMLScriptElement>('script[type^="application/vnd.aenb."]').forEach((script, i) => {
    const kind = ofOurs.exec(script.type)?.[1];
    if (!kind || !(kind in activations)) return;
    const place = document.createElement('div');
    place.className = 'aenb-live';
    script.after(place);
    try {
      void rendererOf(kind as KindName).renderOutputItem(
        itemOf(`page-${i}`, script.type, script.textContent ?? ''),
        place,
        new AbortController().signal,
      );
      // What could not be drawn keeps its image.
      if (place.querySelector('section')) script.parentElement?.classList.add('aenb-drawn');
      else place.remove();
    } catch (error) {
      place.remove();
      console.error(error);
    }
  });
}

function itemOf(id: string, mime: string, text: string): OutputItem {
  const data = () => new TextEncoder().encode(text);
  return { id, mime, metadata: {}, text: () => text, json: () => JSON.parse(text), data, blob: () => new Blob([text]) };
}

if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', drawAll);
else drawAll();
