/** The version of the protocol that this program speaks, the last field of the answer to `Version`. */
export const PROTOCOL_VERSION = 1;
