import type { ActivationFunction } from 'vscode-notebook-renderer';
import { activateKind } from '../shared/activate.ts';
import css from './table.css';
import { tableKind } from './view.ts';

export const activate: ActivationFunction = (context) => activateKind(tableKind, [css], context);
