import { DurableObject } from "cloudflare:workers";

type Constructor<T> = new (ctx: DurableObjectState, env: Env) => T;

/** Names of the methods of a class: its RPCs, and those that the platform calls. */
type MethodName<T> = Exclude<
  { [K in keyof T]: T[K] extends (...given: never[]) => unknown ? K : never }[keyof T] & string,
  `__${string}`
>;

/**
 * A class of objects that is evaluated with its first object, and not at the start of every isolate, because most
 * isolates are started for something else. The platform needs the classes and their methods at the start. So the class
 * made here has all methods and passes each call on. Calls wait only while the real class is being loaded.
 * @param methods all methods of the class. The compiler finds a missing one.
 */
export function lazyObject<T extends DurableObject<Env>>(
  methods: Readonly<Record<MethodName<T>, true>>,
  read: () => Promise<Constructor<T>>,
): Constructor<DurableObject<Env> & Pick<T, MethodName<T>>> {
  let Known: Constructor<T> | undefined;
  const objects = new WeakMap<object, T>();

  class LazyObject extends DurableObject<Env> {
    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env);
      if (Known !== undefined) objects.set(this, new Known(ctx, env));
      else {
        void ctx.blockConcurrencyWhile(async () => {
          Known ??= await read();
          objects.set(this, new Known(ctx, env));
        });
      }
    }
  }

  for (const name of Object.keys(methods)) {
    const value = function (this: object, ...given: unknown[]): unknown {
      const object = objects.get(this);
      const method: unknown = object === undefined ? undefined : Reflect.get(object, name);
      if (typeof method !== "function") throw new Error(`${name}: the object has not been read`);
      return Reflect.apply(method, object, given);
    };
    Object.defineProperty(LazyObject.prototype, name, { value, configurable: true, writable: true });
  }
  // SAFETY: every name in `methods` was just defined, and answers like the method of that name.
  return LazyObject as unknown as Constructor<DurableObject<Env> & Pick<T, MethodName<T>>>;
}
