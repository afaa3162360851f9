{# A digest of what the project says that a model or seed is: its SQL without lines of comment, the project's macros that
   it calls and those that they call, the values of the vars that they read, and its columns' types. It can be told of any
   node under any selection. as_of_date and loaded_until are data, and no part of it; nor is switched_off, which is read only by
   models that every run builds whole. A run asks for one several times, so a node of the graph keeps its digest until the
   run ends. #}
{% macro digest_source(node) -%}
    {%- if node.source_digest -%}
        {{- return(node.source_digest) -}}
    {%- endif -%}
    {%- if node.resource_type == 'seed' -%}
        {{- return(local_md5(node.checksum.checksum ~ node.config.column_types)) -}}
    {%- endif -%}
    {%- set texts, macros, vars = [node.raw_code], [], {} -%}
    {%- for text in texts -%}
        {%- for name in modules.re.findall('(\\w+) *\\(', text) if name not in macros -%}
            {%- set macro = (context.get(name) or {}).macro or {} -%}
            {%- if macro.package_name == project_name -%}
                {%- do macros.append(name) or texts.append(macro.macro_sql) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name in modules.re.findall('\\bvar\\([\'"](\\w+)', text) if name not in ['as_of_date', 'loaded_until', 'switched_off'] -%}
            {%- do vars.update({name: var(name) | string}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set columns = node.columns.values() | map(attribute='data_type') | join(' ') ~ node.columns.keys() | join(' ') -%}
    {%- do node.update({'source_digest': local_md5(modules.re.sub('(?m)^ *--.*$', '', texts | join('\n')) ~ vars | dictsort ~ columns)}) -%}
    {{- return(node.source_digest) -}}
{%- endmacro %}
