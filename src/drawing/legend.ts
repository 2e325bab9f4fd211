/** What a legend needs to know of a series. */
export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly mark: 'line' | 'dashed' | 'point';
}
