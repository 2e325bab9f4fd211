/**
 * What TensorFlow's library says on standard error when it is loaded, whatever its log level: that oneDNN is on, and
 * that its log is not set up yet. It is no output of a cell.
 */
const GREETING =
  /^(?:WARNING: All log messages before absl::InitializeLog\(\) is called.*|I\d{4} .*\] oneDNN custom operations are on\..*)\n/gm;

export function withoutGreeting(text: string): string {
  return text.replace(GREETING, '');
}
