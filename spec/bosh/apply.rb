# Applies operations files to a manifest, as `bosh deploy -o` does, and prints what
# comes of it as JSON.
#
# apply.rb MANIFEST OPERATIONS…
#
# After go-patch, of which it knows what is used here: `replace` by keys, by
# name=value, by - for a new last item, and ? for what may be missing from there on.
require 'json'
require 'yaml'

# Where one step of a path leads, and what it is an error not to find.
def step(at, token, optional)
  if token.include?('=')
    key, value = token.split('=', 2)
    found = at.find_index { |item| item[key] == value }
    raise "#{token} is not there" if found.nil?
    return found
  end
  raise "#{token} is not there" unless at.is_a?(Hash) && (at.key?(token) || optional)
  token
end

def replace(manifest, path, value)
  raise "#{path} does not begin with /" unless path.start_with?('/')
  *way, last = path[1..-1].split('/')
  optional = false
  at = way.reduce(manifest) do |found, token|
    optional ||= token.end_with?('?')
    key = step(found, token.chomp('?'), optional)
    found[key] = {} if found.is_a?(Hash) && !found.key?(key)
    found[key]
  end
  return at << value if last == '-'
  at[step(at, last.chomp('?'), optional || last.end_with?('?'))] = value
end

manifest, *operations = ARGV.map { |path| YAML.safe_load(File.read(path), aliases: true) }
operations.flatten.each do |operation|
  raise "#{operation['type']}: only replace is known" unless operation['type'] == 'replace'
  raise "unknown keys: #{operation.keys}" unless operation.keys.sort == %w[path type value]
  replace(manifest, operation['path'], operation['value'])
end
puts JSON.generate(manifest)
