import { build } from "esbuild";
import { gzipSync } from "node:zlib";
const [entry, ...stub] = process.argv.slice(2);
const re = stub.length ? new RegExp(stub.join("|")) : null;
const r = await build({ absWorkingDir: "/work/wt/split", entryPoints:[entry], outfile:"/tmp/o.js", bundle:true, format:"esm", target:"es2024", conditions:["workerd","worker","browser"], external:["node:*","cloudflare:*"], alias:{zod:"./src/lean/zod.ts","@asteasolutions/zod-to-openapi":"./src/lean/zod-to-openapi.ts","better-auth/db":"./src/lean/better-auth-db.ts","ml-matrix":"./src/lean/ml-matrix.js"}, define:{"process.env.NODE_ENV":'"production"',"navigator.userAgent":'"Cloudflare-Workers"'}, minify:true, write:false, metafile:true, logLevel:"silent",
 plugins: re? [{name:"s",setup(b){b.onResolve({filter:/.*/},a=>{ if(a.kind==="dynamic-import"&&re.test(a.path)) return {path:a.path,external:true}; });}}]:[] });
const code=r.outputFiles[0].text; console.log("total", (gzipSync(code).length/1024).toFixed(1));
const out=Object.values(r.metafile.outputs)[0].inputs; const by={};
for(const [f,{bytesInOutput:n}] of Object.entries(out)){ const m=f.match(/.*node_modules\/((@[^/]+\/)?[^/]+)/); const k=m?m[1]:f.split("/").slice(0,2).join("/"); by[k]=(by[k]??0)+n; }
console.log(Object.entries(by).sort((a,b)=>b[1]-a[1]).slice(0,30).map(([k,v])=>k+" "+(v/1024).toFixed(0)).join(", "));
if(process.env.FILES) console.log(Object.entries(out).filter(([f])=>new RegExp(process.env.FILES).test(f)).sort((a,b)=>b[1].bytesInOutput-a[1].bytesInOutput).slice(0,60).map(([f,v])=>f+" "+(v.bytesInOutput/1024).toFixed(1)).join("\n"));
