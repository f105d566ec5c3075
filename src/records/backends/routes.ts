import { z } from "zod";

/** The backends of each record type; the first is the one it is read from. */
export type BackendNames = ReadonlyMap<string, readonly [string, ...string[]]>;

const routeSchema = z
  .string()
  .regex(/^[a-z.]+=[a-z0-9]+(\+[a-z0-9]+)*$/, "must be type=backend, with more backends after a +")
  .transform((text) => {
    const [type = "", names = ""] = text.split("=");
    const [first = "", ...copies] = names.split("+");
    return { type, names: [first, ...copies] as const };
  });
const routesSchema = z
  .string()
  .transform((text) => text.split(" ").filter((word) => word !== ""))
  .pipe(z.array(routeSchema));

/**
 * Reads RECORD_BACKENDS: `translation.session=d1 translation.task=d1+r2`.
 * @param types that must have a backend; no others may be named.
 * @throws RangeError with the fault: it is in a setting of an installation, not in a request.
 */
export function readRoutes(text: string, types: readonly string[]): BackendNames {
  const parsed = routesSchema.safeParse(text);
  if (!parsed.success) throw new RangeError(`RECORD_BACKENDS: ${z.prettifyError(parsed.error)}`);
  const routes = new Map<string, readonly [string, ...string[]]>();
  for (const { type, names } of parsed.data) {
    if (!types.includes(type)) throw new RangeError(`RECORD_BACKENDS: there is no record type "${type}"`);
    if (routes.has(type)) throw new RangeError(`RECORD_BACKENDS names ${type} twice`);
    if (new Set(names).size < names.length) throw new RangeError(`RECORD_BACKENDS names a backend of ${type} twice`);
    routes.set(type, names);
  }
  for (const type of types) if (!routes.has(type)) throw new RangeError(`RECORD_BACKENDS does not name ${type}`);
  return routes;
}
