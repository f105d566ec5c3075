import { connect, createServer, type Server, type Socket } from "node:net";
import { LOCAL_ADDRESS } from "../../../scripts/lib/ports.ts";

/** A cable between the browser and the server, which can be pulled out. */
export class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param target where the server answers. */
  static async to(target: string): Promise<Cable> {
    const { port } = new URL(target);
    const server = createServer();
    const cable = new Cable(server);
    server.on("connection", (near) => {
      if (cable.#isCut) {
        near.destroy();
        return;
      }
      const far = connect(Number(port), LOCAL_ADDRESS);
      for (const socket of [near, far]) {
        cable.#sockets.add(socket);
        socket.on("error", () => {}); // the other end went away: that is what this is for
        socket.on("close", () => {
          cable.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(0, LOCAL_ADDRESS, resolve));
    return cable;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the cable leads nowhere");
    return `http://${LOCAL_ADDRESS}:${address.port}`;
  }

  /** Ends every connection at once, and every new one, until it is plugged in again. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  plugIn(): void {
    this.#isCut = false;
  }

  async remove(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
