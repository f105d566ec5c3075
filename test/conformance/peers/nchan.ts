import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startChild } from "../lib/child.ts";

/** Messages kept per channel. */
export const NCHAN_BUFFER = 2_000;

/** Debian's nginx with libnginx-mod-nchan: one channel for each user and one for everybody, on one stream. */
export async function startNchan(port: number): Promise<Child> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-nchan-"));
  mkdirSync(join(directory, "logs"));
  const file = join(directory, "nginx.conf");
  writeFileSync(file, configuration(port, directory));
  const child = await startChild("nginx", ["-p", directory, "-c", file, "-e", join(directory, "logs/error.log")], port);
  return {
    pid: child.pid,
    async end(signal) {
      await child.end(signal);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function configuration(port: number, directory: string): string {
  return `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/logs/error.log warn;
events { worker_connections 10000; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  client_body_buffer_size 2m;
  client_max_body_size 2m;
  keepalive_requests 1000000;
  nchan_shared_memory_size 512M;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location ~ ^/pub/([A-Za-z0-9_-]+)$ {
      nchan_publisher;
      nchan_channel_id $1;
      nchan_message_buffer_length ${NCHAN_BUFFER};
      nchan_message_timeout 1h;
    }
    location ~ ^/sub/([A-Za-z0-9_-]+)$ {
      nchan_subscriber eventsource;
      nchan_channel_id $1 everyone;
      nchan_subscriber_first_message newest;
      nchan_eventsource_ping_interval 15;
    }
  }
}
`;
}
