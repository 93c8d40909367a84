const GROUP_BYTES = 4;

/** Numbers of groups out of the helper's bytes, 32 bits each. */
export function groupsOf(bytes: Uint8Array): readonly number[] {
  const { buffer, byteOffset, length } = bytes;
  const own = buffer.slice(byteOffset, byteOffset + length);
  return [...new Uint32Array(own, 0, length / GROUP_BYTES)];
}
