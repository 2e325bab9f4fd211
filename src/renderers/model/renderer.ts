import type { ActivationFunction } from 'vscode-notebook-renderer';
import { activateKind } from '../shared/activate.ts';
import { modelKind } from './view.ts';

export const activate: ActivationFunction = (context) => activateKind(modelKind, [], context);
