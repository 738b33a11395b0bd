package org.elasticsearch.plugins;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.jdk.ModuleQualifiedExportsService;

/** One plugin taken from the class path instead of the modules folder of an installation. */
public final class ClasspathPlugins extends PluginsService {
    private final List<LoadedPlugin> loaded;

    public ClasspathPlugins(Settings settings, Path config, Plugin plugin) {
        super(settings, config, null, null);
        loaded = List.of(new LoadedPlugin(describe(plugin.getClass()), plugin));
    }

    private static PluginDescriptor describe(Class<? extends Plugin> type) {
        return new PluginDescriptor(
            type.getSimpleName(), "from the class path", "8", null, "17", type.getName(), null, List.of(), false, false, true, false
        );
    }

    /** Nothing: the server is not a named module here, and the inherited code needs one. */
    @Override
    protected void addServerExportsService(Map<String, List<ModuleQualifiedExportsService>> exports) {}

    @Override
    protected List<LoadedPlugin> plugins() {
        return loaded;
    }
}
