/** Variables of tf whose values are computed elsewhere: whoever looks at one finds it as it is by then. */
import * as tf from '@tensorflow/tfjs';

/** A variable's `dataId`, by which everybody gets at its values, and who may have newer ones. */
interface Face {
  dataId: object;
  readonly mirrors: Set<Mirror>;
}

const faces = new WeakMap<tf.Variable, Face>();

export class Mirror {
  readonly #variables: readonly tf.Variable[];
  readonly #faces: readonly Face[];
  readonly #values: () => readonly tf.Tensor[];
  #behind = false;
  #changed = false;
  #updating = false;

  /** @param values that the variables are to have, as tensors that need not be kept */
  constructor(variables: readonly tf.Variable[], values: () => readonly tf.Tensor[]) {
    this.#variables = variables;
    this.#values = values;
    this.#faces = variables.map(faceOf);
    for (const { mirrors } of this.#faces) mirrors.add(this);
  }

  /** The values have moved on. The variables follow when somebody looks at one of them. */
  moved(): void {
    this.#behind = true;
  }

  /** Lets the variables follow now. */
  update(): void {
    if (!this.#behind) return;
    this.#behind = false;
    this.#updating = true;
    try {
      tf.tidy(() => {
        const values = this.#values();
        this.#variables.forEach((variable, i) => {
          if (!variable.isDisposed) variable.assign(values[i]);
        });
      });
    } finally {
      this.#updating = false;
    }
  }

  /** Whether somebody else has set a variable since this was last asked. */
  takeChanges(): boolean {
    for (const { mirrors } of this.#faces) {
      if (mirrors.size > 1) for (const other of mirrors) if (other !== this) other.update();
    }
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** Somebody sets a variable. */
  noteChange(): void {
    if (!this.#updating) this.#changed = true;
  }

  /** The variables get their last values and are ordinary ones again. */
  release(): void {
    this.update();
    this.#variables.forEach((variable, i) => {
      const { mirrors, dataId } = this.#faces[i];
      if (!mirrors.delete(this) || mirrors.size > 0) return;
      faces.delete(variable);
      Object.defineProperty(variable, 'dataId', {
        value: dataId,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    });
  }
}

function faceOf(variable: tf.Variable): Face {
  const known = faces.get(variable);
  if (known) return known;
  const face: Face = { dataId: variable.dataId, mirrors: new Set() };
  faces.set(variable, face);
  Object.defineProperty(variable, 'dataId', {
    get: () => {
      for (const mirror of face.mirrors) mirror.update();
      return face.dataId;
    },
    set: (dataId: object) => {
      face.dataId = dataId;
      for (const mirror of face.mirrors) mirror.noteChange();
    },
    enumerable: true,
    configurable: true,
  });
  return face;
}
