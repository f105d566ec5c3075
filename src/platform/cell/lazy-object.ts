import { DurableObject } from "cloudflare:workers";

type Constructor<T> = new (ctx: DurableObjectState, env: Env) => T;

/** Names of the methods that a class offers: its RPCs, and what the platform calls. */
type MethodName<T> = Exclude<
  { [K in keyof T]: T[K] extends (...given: never[]) => unknown ? K : never }[keyof T] & string,
  `__${string}`
>;

/**
 * A class of objects that is evaluated with its first object, and not at the start of every isolate, which mostly is
 * started for something else. The platform wants classes, and their methods, when it starts: the class made here has all
 * of them, and passes each call on. While the real one is being read, calls wait; there is no wait once it is there.
 * @param methods every method of the class, so that the compiler finds one that is missing.
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
  // SAFETY: every name of `methods` was just defined, and answers as the method of that name does.
  return LazyObject as unknown as Constructor<DurableObject<Env> & Pick<T, MethodName<T>>>;
}
