// chain from entry to file
import { build } from "esbuild";
const [entry, ...targets] = process.argv.slice(2);
const r = await build({ absWorkingDir: process.cwd(), entryPoints:[entry], outfile:"/tmp/o.js", bundle:true, format:"esm", target:"es2024", conditions:["workerd","worker","browser"], external:["node:*","cloudflare:*"], alias:{zod:"./src/lean/zod.ts","@asteasolutions/zod-to-openapi":"./src/lean/zod-to-openapi.ts","better-auth/db":"./src/lean/better-auth-db.ts","ml-matrix":"./src/lean/ml-matrix.js"}, define:{"process.env.NODE_ENV":'"production"'}, minify:true, write:false, metafile:true, logLevel:"silent"});
const used=Object.values(r.metafile.outputs)[0].inputs;
const inp=r.metafile.inputs;
for(const t of targets){ const prev=new Map([[entry,null]]); const q=[entry]; let hit=null;
 while(q.length){const f=q.shift(); if(f.includes(t)&&f!==entry&&used[f]?.bytesInOutput){hit=f;break;} for(const i of inp[f].imports){ if(i.external||prev.has(i.path)||!(i.path in inp)) continue; prev.set(i.path,f+(i.kind==="dynamic-import"?" ~>":" ->")); q.push(i.path);} }
 let s=hit, o=[]; while(s){o.unshift(s); const p=prev.get(s); s=p?.replace(/ [~-]>$/,"")??null; if(p) o.unshift(p.slice(-2));} console.log(t,": ",o.join(" ")); }
