/** A reference to a parameter, as a regular expression without anchors that JSON Schema understands too. */
export const PARAMETER = String.raw`\{[a-z][a-z0-9_.-]*\}`;
