/** Packs what dist/ holds now. @returns path of the VSIX */
export function packageVsix(): Promise<string>;
