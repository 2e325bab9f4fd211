import type { ActivationFunction } from 'vscode-notebook-renderer';
import { activateKind } from '../shared/activate.ts';
import css from './latent.css';
import { latentKind } from './view.ts';

export const activate: ActivationFunction = (context) => activateKind(latentKind, [css], context);
