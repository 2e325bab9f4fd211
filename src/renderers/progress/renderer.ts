import type { ActivationFunction } from 'vscode-notebook-renderer';
import { activateKind } from '../shared/activate.ts';
import css from '../shared/progress.css';
import { progressKind } from './view.ts';

export const activate: ActivationFunction = (context) => activateKind(progressKind, [css], context);
