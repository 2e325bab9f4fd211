import { MODEL_MIME, type ModelLayer } from '../../renderers/model/payload.ts';
import { counted, type Displayable, displayable, displaySymbol, type Picture, withPng } from './display.ts';

/** The parts of a network that are drawn: those of a tf.LayersModel. */
interface DrawnNetwork {
  readonly layers: readonly {
    getClassName(): string;
    countParams(): number;
    readonly outputShape: unknown;
    getConfig(): Record<string, unknown>;
  }[];
}
interface DrawnModel {
  readonly encoder: DrawnNetwork;
  readonly decoder: DrawnNetwork;
}

/**
 * The layers of a model from the input to the output, wide where there are many numbers, narrow where there are few.
 *
 * @throws TypeError if the model has no networks yet
 */
export function model(source: DrawnModel, options: { title?: string } = {}): Displayable {
  return displayable(modelPicture(source, options));
}

export function modelPicture(source: DrawnModel, options: { title?: string } = {}): Picture {
  const encoder = layersOf(source.encoder, 'encoder');
  // Its input is the code, which the encoder's last layer gives already.
  const decoder = layersOf(source.decoder, 'decoder').filter((layer, i) => i > 0 || layer.kind !== 'InputLayer');
  const all = [...encoder, ...decoder];
  const size = (layer: ModelLayer) => layer.shape.reduce((product, one) => product * one, 1);
  const waist = encoder.findLastIndex((layer) => layer.kind !== 'InputLayer');
  const layers = all.map((layer, i) => ({ ...layer, bottleneck: i === waist }));
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const name = source.constructor.name;
  const sizes = layers.filter((layer) => layer.parameters || layer.kind === 'InputLayer').map(size);
  return {
    mime: MODEL_MIME,
    payload: {
      title: options.title ?? (name === 'Object' ? undefined : name),
      text: `${name === 'Object' ? 'Network' : name} of ${counted(layers.length, 'layer')}, ${sizes.join(' - ')} numbers, ${parameters} parameters.`,
      parameters,
      layers,
    },
  };
}

/** Makes models show themselves when they are a cell's value: as a drawing where they have networks, else as they print. */
export function showModels(prototype: object): void {
  Object.defineProperty(prototype, displaySymbol, {
    configurable: true,
    value: async function (this: DrawnModel & { summary(): string }) {
      let picture: Picture;
      try {
        picture = modelPicture(this);
      } catch {
        // Before the first fit there is no network to draw.
        return {};
      }
      return { ...(await withPng(picture)), 'text/plain': this.summary() };
    },
  });
}

function layersOf(network: DrawnNetwork, part: ModelLayer['part']): ModelLayer[] {
  return network.layers.map((layer) => {
    const { activation } = layer.getConfig();
    const kind = layer.getClassName();
    return {
      part,
      kind,
      activation: typeof activation === 'string' ? activation : kind === 'Activation' ? String(activation) : undefined,
      shape: shapeOf(layer.outputShape),
      parameters: layer.countParams(),
      bottleneck: false,
    };
  });
}

/** Without the batch; of several outputs, the first. */
function shapeOf(shape: unknown): number[] {
  const first = Array.isArray(shape) && Array.isArray(shape[0]) ? shape[0] : shape;
  const sizes = Array.isArray(first) ? first.slice(1).map((size) => (typeof size === 'number' ? size : 1)) : [];
  return sizes.length ? sizes : [1];
}
