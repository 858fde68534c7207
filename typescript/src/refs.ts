/** The right to open one end of a channel, once (`docs/protocol.md` sections 3 to 5). */
export interface ChannelRef {
  channel_id: string;
  access_key: string;
  direction: "read" | "write";
}

/** Reads a ref from a JSON value; `undefined` if the value is not a ref. */
export function asRef(value: unknown): ChannelRef | undefined {
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const { channel_id, access_key, direction } = value as Record<string, unknown>;
  if (typeof channel_id !== "string" || typeof access_key !== "string") {
    return undefined;
  }
  return direction === "read" || direction === "write" ? { channel_id, access_key, direction } : undefined;
}

/** The URL that opens an end. It contains the key, so never log it (section 4.1). */
export function channelUrl(address: string, ref: ChannelRef): string {
  const url = new URL(address);
  const path = `${url.pathname.replace(/\/+$/, "")}/ws/channels/${encodeURIComponent(ref.channel_id)}`;
  const own = `key=${encodeURIComponent(ref.access_key)}&dir=${ref.direction}`;
  const query = url.search.length > 1 ? `${url.search}&${own}` : `?${own}`;
  const login = url.username === "" ? "" : `${url.username}${url.password === "" ? "" : `:${url.password}`}@`;
  return `${url.protocol}//${login}${url.host}${path}${query}`;
}

/** Describes an address without user, password and query. */
export function shown(address: string): string {
  try {
    const { protocol, host, pathname } = new URL(address);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return "an address that is not a URL";
  }
}
