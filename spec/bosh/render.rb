# Renders a job's templates as BOSH's director does.
#
# render.rb JOB: the job's directory. Stdin is JSON: the manifest's "properties"
# for the job, its "links" by name, and what the instance's "spec" has besides.
# Stdout is JSON: the text of each rendered file by its path, monit's by "monit".
# A template that can't be rendered, or a spec that can't be used, is told on
# stderr, and exits 1.
#
# After bosh-common's EvaluationContext, and the director's JobTemplateRenderer
# and SourceErb. Stricter in one thing: BOSH takes a property that the spec does
# not declare for one that is not set, and here reading one fails.
#
# Left out: resolving links, the DNS addresses of links, variables, and what
# BOSH loads of ActiveSupport.
require 'erb'
require 'json'
require 'ostruct'
require 'shellwords'
require 'yaml'

# The names that a job's spec declares, and what a manifest sets of them.
class Properties
  def initialize(declared, manifest)
    @declared = declared
    @values = {}
    declared.each { |name, definition| put(name, take(manifest, name), (definition || {})['default']) }
  end

  attr_reader :values

  def read(name)
    unless @declared.key?(name) || @declared.keys.any? { |declared| declared.start_with?("#{name}.") }
      raise "Property '#{name}' is read and the spec does not declare it"
    end
    name.split('.').reduce(@values) { |found, key| found.nil? ? nil : found[key] }
  end

  private

  def take(manifest, name)
    name.split('.').reduce(manifest) do |found, key|
      raise "Property '#{name}' expects a hash, but received '#{found.class}'" unless found.is_a?(Hash)
      break if found[key].nil?
      found[key]
    end
  end

  def put(name, value, default)
    *groups, last = name.split('.')
    groups.reduce(@values) { |group, key| group[key] ||= {} }[last] = value.nil? ? default : value
  end
end

# What reads its properties in the ways of a template.
module Reading
  def p(names, *default)
    found = Array(names).map { |name| read(name) }.find { |value| !value.nil? }
    return found unless found.nil?
    return default.first unless default.empty?
    raise "Can't find property '#{Array(names)}'"
  end

  def if_p(*names)
    values = names.map { |name| read(name) }
    return Else.new(self) if values.any?(&:nil?)
    yield(*values)
    NoElse.new
  end
end

# What follows an if_p or if_link that did not hold.
class Else
  def initialize(context)
    @context = context
  end

  def else
    yield
  end

  def else_if_p(*names, &block)
    @context.if_p(*names, &block)
  end

  def else_if_link(name, &block)
    @context.if_link(name, &block)
  end
end

# What follows one that did.
class NoElse
  def else; end

  def else_if_p(*)
    self
  end

  def else_if_link(*)
    self
  end
end

# A link to instances of another job.
class Link
  include Reading

  def initialize(link)
    @properties = link['properties'] || {}
    @instances = link['instances'].map { |instance| OpenStruct.new(instance) }
  end

  attr_reader :instances

  private

  def read(name)
    name.split('.').reduce(@properties) { |found, key| found.nil? ? nil : found[key] }
  end
end

# What a template is evaluated in.
class Context
  include Reading

  def initialize(job, input)
    @declared = Properties.new(job['properties'] || {}, input['properties'] || {})
    @consumed = (job['consumes'] || []).map { |link| link['name'] }
    @links = input['links'] || {}
    instance = { 'name' => 'worker', 'index' => 0, 'id' => 'b3a1', 'az' => 'z1' }
    @spec = structured(instance.merge(input['spec'] || {}))
    @properties = structured(@declared.values)
  end

  attr_reader :spec, :properties

  def name
    spec.name
  end

  def index
    spec.index
  end

  def link(name)
    raise "Can't find link '#{name}'" unless linked?(name)
    Link.new(@links[name])
  end

  def if_link(name)
    return Else.new(self) unless linked?(name)
    yield link(name)
    NoElse.new
  end

  def get_binding
    binding
  end

  private

  def read(name)
    @declared.read(name)
  end

  def linked?(name)
    raise "Link '#{name}' is read and the spec does not consume it" unless @consumed.include?(name)
    @links.key?(name)
  end

  def structured(value)
    case value
    when Hash then OpenStruct.new(value.transform_values { |inner| structured(inner) })
    when Array then value.map { |inner| structured(inner) }
    else value
    end
  end
end

def render(directory, template, path, context)
  erb = ERB.new(File.read(path), trim_mode: '-')
  erb.filename = File.join(File.basename(directory), template)
  erb.result(context.get_binding)
rescue StandardError, SyntaxError => e
  at = (e.backtrace || []).find { |line| line.include?(erb.filename) } if erb
  raise "Error filling in template '#{template}' (line #{at ? at.split(':')[1] : '(unknown)'}: #{e.message})"
end

begin
  directory = ARGV.fetch(0)
  job = YAML.safe_load(File.read(File.join(directory, 'spec')), aliases: true)
  input = JSON.parse($stdin.read)
  rendered = { 'monit' => render(directory, 'monit', File.join(directory, 'monit'), Context.new(job, input)) }
  errors = []
  job.fetch('templates').each do |template, destination|
    path = File.join(directory, 'templates', template)
    rendered[destination] = render(directory, template, path, Context.new(job, input))
  rescue StandardError => e
    errors << e.message
  end
  raise errors.join("\n") unless errors.empty?
  puts JSON.generate(rendered)
rescue StandardError => e
  warn e.message
  exit 1
end
