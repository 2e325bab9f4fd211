import type { ActivationFunction } from 'vscode-notebook-renderer';
import { activateKind } from '../shared/activate.ts';
import css from './run.css';
import { runKind } from './view.ts';

export const activate: ActivationFunction = (context) => activateKind(runKind, [css], context);
