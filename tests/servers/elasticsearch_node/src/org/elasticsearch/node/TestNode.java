package org.elasticsearch.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.plugins.ClasspathPlugins;
import org.elasticsearch.plugins.PluginsService;

/**
 * One real Elasticsearch node from the jars on the class path, for tests.
 *
 * <p>{@code java -cp … org.elasticsearch.node.TestNode HOME}: listens on a free loopback port and, once it answers,
 * writes that port to {@code HOME/http.port}. A termination signal closes it.
 */
public final class TestNode {
    private TestNode() {}

    public static void main(String[] args) throws Exception {
        LogConfigurator.configureESLogging();
        Path home = Path.of(args[0]);
        Node node = create(new Environment(settings(home), home.resolve("config")));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        publish(home, node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort());
        Thread.currentThread().join();
    }

    private static Settings settings(Path home) {
        return Settings.builder()
            .put("path.home", home)
            .put("cluster.name", "test")
            .put("node.name", "node-1")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", "0")
            .put("transport.port", "0")
            .put("http.type", "netty4")
            .put("transport.type", "netty4")
            .put("cluster.routing.allocation.disk.threshold_enabled", false) // a nearly full disk must not make indices read-only
            .put("cluster.max_shards_per_node", 5000) // tests make many small indices
            .build();
    }

    private static Node create(Environment environment) {
        return new Node(NodeConstruction.prepareConstruction(environment, new NodeServiceProvider() {
            @Override
            PluginsService newPluginService(Environment unused, Settings settings) {
                return new ClasspathPlugins(settings, environment.configFile(), new HttpWithRoot());
            }
        }, true)) {};
    }

    /** Renamed into place, so that whoever waits for the file never reads half a number. */
    private static void publish(Path home, int port) throws IOException {
        Path half = Files.writeString(home.resolve("http.port.tmp"), Integer.toString(port));
        Files.move(half, home.resolve("http.port"), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (IOException error) {
            error.printStackTrace();
        }
    }
}
